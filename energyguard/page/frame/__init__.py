"""What every open page has: rail, header, bell, keys, and its place in the service.

context.py           a view's place, and one open page of it
layout.py            the frame itself: skip links, rail.py, header.py, bell.py, key_help.py
early.py             sends the beginning of a page before its numbers are known
still.py             what is in a page as plain HTML, to be seen before scripts run
header_clock.py      a simulation's clock, which runs by itself in the browser
refresh_schedule.py  when the parts of a page are shown anew, of all pages at once
page_cache.py        what all open pages share, so that a hundred cost what one does
places.py            where a device stands, as a path of sites
"""

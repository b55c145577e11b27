"""What has fired: the list, one story, and what is silenced.

view.py        the view: list and story side by side
filter.py      which alerts are wanted, as the address says it; list.py: the list; rows.py: its rows
incident_rows.py   silences of one cause as one row, which opens
detail.py      one story: what happened, why, what was done; picture.py: its readings and limit
words.py       what an alert says, in a person's language; expected.py: what it expected instead
need_list.py   what needs attention, short, for Home, a site and the wall
silence_sheet.py, standing_silences.py: what is to be silent, and what is; window_form.py: when
"""

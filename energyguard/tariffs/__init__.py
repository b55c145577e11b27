"""Money: what energy costs, from tariffs and metered energy. Pure; it reads no clock and no file.

    periods.py   times of the week at which a price holds: ``mon-fri 07:00-22:00``
    holidays.py  the days that count as holidays of a site
    checks.py    what a tariff may be: every fault, in words for who entered it
    energy.py    metered energy between borders
    prices.py    lists of dynamic prices, and their file
    pieces.py    a span cut at its months, and where its tariff changes
    grid.py      where energy has to be known for a piece's prices
    rating.py    the lines of one piece
    bill.py      the lines of a span, and its sum

All arithmetic is of whole numbers: 1e-9 kWh, 1e-9 of the currency, minor units (cents) in the end.
"""

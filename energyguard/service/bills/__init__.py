"""What energy cost: bills, what the energy of a span comes to, and the prices that tariffs go by.

contract.py  what may be relied on; bills.py: in full
applies.py   which tariff holds where, and when
prices.py    lists of dynamic prices: a fold of ``energyguard.prices``
rows.py      a bill as a table, for a file
"""

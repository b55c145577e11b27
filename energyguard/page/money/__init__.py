"""Money: bills, tariffs, and the words for what energy costs.

bill.py    a bill, line by line; what if
tariffs.py the tariffs that there are; form.py: enters one, flat or by time
"""

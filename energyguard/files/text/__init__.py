"""What a file holds as text.

unpack.py   gzip and zip, bounded
text.py     UTF-8, whatever its encoding was
workbooks.py  a workbook's sheets as CSV
parts.py    all of them together
"""

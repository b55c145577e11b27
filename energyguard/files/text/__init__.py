"""What a file holds as text.

unpack.py   gzip and zip, bounded
text.py     UTF-8, whatever its encoding was
parts.py    the two together, and a workbook's sheets
"""

"""What people say of readings, and which of them count by that.

correction_book.py     what they say, and what of it holds
effective.py           which readings count, and with which value
corrected_spans.py     where that may be; corrected_tables.py: where what was sent is kept
entry_corrections.py   what entries say of it
"""

"""What topics hold: one declaration per topic, which its writers and its readers share.

contract.py   what a declaration is: value, key, headers, tables
catalog.py    all of them, by topic
tables.py     a table of the history: its DDL, its Arrow schema
schemas.py    a declaration as JSON Schema, as columns of Flink and Spark, as rows of a page

A file declares the records of one topic, or of some that belong together, with the fields in the
order in which they are written, their units, and the table that they fill.
"""

"""What the product answered before its modules moved: bytes that every later version gives too.

All goes through surfaces that have no module's name in them: the command line, HTTP, files.
``python -m tests.golden.make`` makes the data anew.

Differences that were permitted since, each looked at; all else is as it was:

    surface/helps.txt     the commands ``check scenarios``, ``schema``
    surface/clickhouse.sql  a server has the tables of households and the building (10-tables.sql)
    surface/openapi-coordinator.json  bodies of ``/key`` and ``/batch`` are components, made of the
                          structs that are decoded; they say the same as what stood inline
    surface/openapi*.json  the title of optional bodies is Body, no longer Said
"""

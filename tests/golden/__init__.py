"""What the product answered before its modules moved: bytes that every later version gives too.

All goes through surfaces that have no module's name in them: the command line, HTTP, files.
``python -m tests.golden.make`` makes the data anew.

Differences that were permitted since, each looked at; all else is as it was:

    surface/helps.txt         the commands ``check scenarios``, ``schema``, ``late``, ``devices``;
                              options of ``simulate building``, the scenario ``building``;
                              what ``rules show`` shows
    surface/commands.jsonl    settings of simulated floors, the role ``simulate-building``; the
                              building's random walk has to be asked for (``--shape plain``)
    surface/answers.jsonl     the routes ``/late``, ``/device-summaries``, ``/devices/…/detail``
    the detector              ``role`` takes several names, and knows that one; ``log lag`` and
                              health tell of its group
    profiles                  the rules ``pattern-…`` and ``household-profile``, of which two run;
                              the setting ``rules.holidays``; two fields of ``PATCH /rules``; the
                              route ``/devices/…/profile``; their levels, and the field ``lasting``;
                              ``devices --profile``
    physics                   the building's rules of kind ``agree``, which run, as does
                              ``floor-volt-low``; the fields of the kind
    limits of floors          the rules ``floor-…``, which run by default; ``rules reset``, ``rules
                              set --device``, ``/rules/{id}/devices/{device}``, who changed a rule;
                              the topic ``energyguard.read-marks``; the setting ``notify.cooldown``
    notifications             ``/notifications…``, the kind ``anomaly`` of ``/live``; at the
                              coordinator ``/anomalies/stream``, ``/notifications…``,
                              ``/internal/broadcast``, its option ``--broadcast-token``; its
                              thresholds are those rules, and may have a level that clears
    edge and cloud            the commands ``edge``, ``edges`` and those of homes in regions; the
                              settings ``edge.…``, ``cloud.…``; the topics ``edge_readings``,
                              ``power_topic``, ``energyguard.edge…``, ``energyguard.places``; the
                              routes ``/edges…``, ``/regions…``; roles and groups of both; the
                              table ``places``; figures ``edge_…``; what stages say of partitions
                              of topics that came since (``scenarios.before``)
    surface/clickhouse.sql    a server has the tables of households, the building (10-tables.sql)
    surface/openapi.json      those routes, and ``POST /readings/{path}``; optional fields of rules'
                              kinds; the title of two optional bodies is Body, no longer Said;
                              a row of ``/trend`` has all its fields, as it always had;
                              levels below zero
    the two upgrades          meters that are slow, numbers of stays, stays of late signals: what an
                              older version counts otherwise is listed in ``older.py``
    bills                     the headers ``to_whole`` and ``to_thousandth`` of
                              ``transaction-profit``, and the columns of the history
    surface/openapi-coordinator.json
                              bodies of ``/key`` and ``/batch`` are components, made of the structs
                              that are decoded; they say the same as what stood inline
"""

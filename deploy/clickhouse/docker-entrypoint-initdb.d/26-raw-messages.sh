#!/bin/bash
# RAW_MESSAGES=forever: messages as they were sent are kept for ever, and with them who it was.
# Otherwise both are gone after thirty days (20-people.sql).
if [ "$RAW_MESSAGES" = forever ]; then
    clickhouse-client --query "
        ALTER TABLE signals_as_sent
            MODIFY COLUMN who REMOVE TTL, MODIFY COLUMN message REMOVE TTL"
fi

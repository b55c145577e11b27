#!/bin/bash
# The key of the pseudonyms: 32 bytes of the system's randomness, once.
key=$(od -An -v -tx1 -N32 /dev/urandom | tr -d ' \n')
clickhouse-client --param_key="$key" --query "
    INSERT INTO people_key
    SELECT toFixedString(unhex({key:String}), 64) WHERE (SELECT count() FROM people_key) = 0"

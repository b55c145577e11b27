-- question: The newest n signals of a charger in a range, oldest first; those of one second by
--   rank. Plates and users are pseudonyms.
-- columns: time time, charger text, kind text, who person, price number? EUR/kWh, power_kw number?
--   kW, register_kwh number? kWh, topic text
-- column kind: arrive, connect, start, stop, disconnect, leave.
-- column price: EUR/kWh.
-- row: SignalRow: A signal as it came.
-- rest: station_signals /stations/signals: The newest signals of a charger, as they came, oldest
--   first.
-- cli: stations signals: Show the signals of a charger as they came, oldest first.
-- clock: chargers
-- empty: nothing of chargers in this time
-- parameter charger: text 200 = ! | | A charger, such as charger-7.
-- parameter n: count 10000 = 200 / 50 | At most so many. | The newest so many.
-- range: 1d
SELECT toDateTime64(o.time, 0, 'UTC') AS time, charger, kind, who, price, power_kw, register_kwh, topic
FROM (
    SELECT
        time, charger, kind, who,
        if(kind IN ('connect', 'disconnect'), value / 1e9, NULL) AS price,
        if(kind IN ('start', 'stop'), value / 1e9, NULL) AS power_kw,
        register / 1e9 AS register_kwh,
        topic, offset,
        indexOf(['stop', 'disconnect', 'leave', 'arrive', 'connect', 'start'], toString(kind)) AS rank
    FROM signals FINAL
    WHERE charger = {charger:String}
        AND time >= toDateTime(intDiv({start_ms:Int64} + 999, 1000), 'UTC')
        AND time < toDateTime(intDiv({end_ms:Int64} + 999, 1000), 'UTC')
        AND toStartOfDay(time) >= toStartOfDay(toDateTime(intDiv({start_ms:Int64} + 999, 1000), 'UTC'))
        AND toStartOfDay(time) < toDateTime(intDiv({end_ms:Int64} + 999, 1000), 'UTC')
    ORDER BY time DESC, rank DESC, offset DESC
    LIMIT {n:UInt32}
) AS o
ORDER BY o.time, rank, offset

-- question: The newest second of which is certain how many cars stood there, of all topics
--   together: no row, where there is none yet. A topic that told nothing in the hour before has no
--   part in it.
-- columns: time time, occupied integer, chargers integer
-- column chargers: How many are listed.
-- row: OccupiedNow: How many cars stood there in a second.
-- rest: station_now /stations/occupied/now: How many cars stood there in the newest second that is
--   certain; null before the first.
-- answer: one or null
-- clock: chargers
-- instead of some: station_now_of_some
SELECT
    toDateTime64(max(o.time), 0, 'UTC') AS time, sum(o.stand) AS occupied,
    (SELECT count() FROM chargers FINAL) AS chargers
FROM (
    SELECT source, max(occupied.time) AS time, argMax(occupied, occupied.time) AS stand
    FROM occupied
    WHERE occupied.time > (SELECT max(n.time) FROM (SELECT occupied.time AS time FROM occupied ORDER BY occupied.time DESC LIMIT 1) AS n) - 3600
    GROUP BY source
) AS o
HAVING count() > 0

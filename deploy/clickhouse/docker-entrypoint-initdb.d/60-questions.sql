-- What energyguard/domains/charging/queries/*.sql ask: their text runs here as it is. Where the
-- embedded history writes its roll-ups into it (planner.py), a server reads raw rows.
CREATE FUNCTION IF NOT EXISTS at AS ms -> toDateTime(intDiv(ms + 999, 1000), 'UTC');

-- A plug (charger-7/1) that is not listed stands where its charger does.
CREATE VIEW IF NOT EXISTS placed_chargers AS
SELECT charger, station, latitude, longitude FROM chargers FINAL
UNION ALL
SELECT plug.name, if(whole.station = '', whole.charger, whole.station), whole.latitude, whole.longitude
FROM (
    SELECT charger AS name, arrayStringConcat(arrayPopBack(splitByChar('/', charger)), '/') AS of
    FROM standing WHERE position(charger, '/') > 0 AND charger NOT IN (SELECT charger FROM chargers)
    GROUP BY charger
) AS plug
INNER JOIN (SELECT charger, station, latitude, longitude FROM chargers FINAL) AS whole ON plug.of = whole.charger;

CREATE VIEW IF NOT EXISTS listed_bays AS
SELECT charger FROM chargers FINAL
WHERE charger IN (SELECT charger FROM standing) OR charger NOT IN (
    SELECT arrayStringConcat(arrayPopBack(splitByChar('/', charger)), '/') FROM standing
    WHERE position(charger, '/') > 0 AND charger NOT IN (SELECT charger FROM chargers)
);

CREATE VIEW IF NOT EXISTS chargers_of AS
SELECT charger FROM placed_chargers WHERE if(station = '', charger, station) = {station:String}
UNION ALL
SELECT {station:String} AS charger WHERE {station:String} NOT IN (SELECT charger FROM chargers);

CREATE VIEW IF NOT EXISTS stays_in AS
SELECT
    charger, start_parking AS bucket, toUInt64(1) AS stays,
    toUInt64(greatest(dateDiff('second', start_parking, end_parking), 0)) AS stayed_s
FROM stays FINAL
WHERE {step_ms:Int64} > 0
    AND start_parking >= at({start_ms:Int64}) AND start_parking < at({end_ms:Int64})
    AND toStartOfDay(start_parking) >= toStartOfDay(at({start_ms:Int64}))
    AND toStartOfDay(start_parking) < at({end_ms:Int64})
    AND ({station:String} = '' OR charger IN (SELECT charger FROM chargers_of(station = {station:String})));

CREATE VIEW IF NOT EXISTS stays_ends AS
SELECT min(start_parking) AS first_at, max(end_parking) AS last_at FROM stays
WHERE charger NOT IN (SELECT charger FROM stays WHERE withdrawn = 1)
HAVING count() > 0
UNION ALL
SELECT min(start_parking) AS first_at, max(end_parking) AS last_at FROM stays FINAL
WHERE charger IN (SELECT charger FROM stays WHERE withdrawn = 1)
HAVING count() > 0;

CREATE VIEW IF NOT EXISTS charges_in AS
SELECT
    charger, start AS bucket, toUInt64(1) AS charges, toUInt64(isNotNull(end)) AS timed,
    toUInt64(greatest(ifNull(dateDiff('second', start, end), 0), 0)) AS charged_s, energy, cents,
    to_whole, to_thousandth
FROM charges FINAL
WHERE {step_ms:Int64} > 0
    AND start >= at({start_ms:Int64}) AND start < at({end_ms:Int64})
    AND toStartOfDay(start) >= toStartOfDay(at({start_ms:Int64}))
    AND toStartOfDay(start) < at({end_ms:Int64})
    AND ({station:String} = '' OR charger IN (SELECT charger FROM chargers_of(station = {station:String})));

CREATE VIEW IF NOT EXISTS violations_in AS
SELECT
    charger, time AS bucket, toUInt64(kind = 'Parking without charging') AS no_charge,
    toUInt64(kind = 'Long parking before recharging') AS before,
    toUInt64(kind = 'Long parking after recharging') AS after
FROM violations FINAL
WHERE {step_ms:Int64} > 0
    AND time >= at({start_ms:Int64}) AND time < at({end_ms:Int64})
    AND toStartOfDay(time) >= toStartOfDay(at({start_ms:Int64}))
    AND toStartOfDay(time) < at({end_ms:Int64})
    AND ({station:String} = '' OR charger IN (SELECT charger FROM chargers_of(station = {station:String})));

-- Time counts once, however many stays say that a car stood there.
CREATE VIEW IF NOT EXISTS occupied_in AS
SELECT charger, begin AS bucket, toUInt64(dateDiff('second', begin, stop)) AS occupied_s
FROM (
    SELECT
        charger, stop,
        greatest(first, max(stop) OVER (
            PARTITION BY charger ORDER BY first, stop ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        )) AS begin
    FROM (
        SELECT
            charger, greatest(start_parking, at({start_ms:Int64})) AS first,
            least(end_parking, at({end_ms:Int64})) AS stop
        FROM stays FINAL
        WHERE {step_ms:Int64} > 0
            AND start_parking < at({end_ms:Int64}) AND end_parking > at({start_ms:Int64})
            AND ({station:String} = '' OR charger IN (SELECT charger FROM chargers_of(station = {station:String})))
    )
)
WHERE begin < stop;

CREATE VIEW IF NOT EXISTS curve_in AS
SELECT
    source, time AS bucket, toUInt64(1) AS seconds, occupied AS total, occupied AS least, occupied AS most
FROM occupied FINAL
WHERE {step_ms:Int64} > 0 AND time >= at({start_ms:Int64}) AND time < at({end_ms:Int64});

CREATE VIEW IF NOT EXISTS stays_by_step AS
SELECT * FROM stays_in(
    start_ms = {start_ms:Int64}, end_ms = {end_ms:Int64}, step_ms = {step_ms:Int64}, station = {station:String});

CREATE VIEW IF NOT EXISTS charges_by_step AS
SELECT * FROM charges_in(
    start_ms = {start_ms:Int64}, end_ms = {end_ms:Int64}, step_ms = {step_ms:Int64}, station = {station:String});

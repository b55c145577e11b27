-- Chargers that are listed, but for those of which all that is known are their plugs.
SELECT charger FROM chargers FINAL
WHERE charger IN (SELECT charger FROM standing) OR charger NOT IN (
    SELECT arrayStringConcat(arrayPopBack(splitByChar('/', charger)), '/') FROM standing
    WHERE position(charger, '/') > 0 AND charger NOT IN (SELECT charger FROM chargers)
)

-- question: Every change of some alerts (their ids, one a line), oldest first, those of one time as
--   the log has them; amounts in 1e-9 of the unit.
-- columns: id text, rule text, device text, channel text, severity text, state text, time_ms
--   integer ms, since_ms integer ms, window_start_ms integer ms, window_end_ms integer ms, observed
--   integer, expected integer, peak integer, unit text, topic text, about text, reason text,
--   restated integer
SELECT
    id, rule, device, channel, severity, state, time_ms, since_ms, window_start_ms, window_end_ms,
    observed, expected, peak, unit, topic, about, reason, restated
FROM alerts AS a FINAL
WHERE has(splitByChar('\n', {ids:String}), id)
ORDER BY restated, time_ms, a.offset, state = 'resolved', id, state

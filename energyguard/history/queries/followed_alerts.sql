-- question: The alerts that are not over, of those that late or corrected readings made other ones.
-- columns: id text, rule text, device text, channel text, topic text, since_ms integer ms
SELECT
    id, any(a.rule) AS rule, any(a.device) AS device, any(a.channel) AS channel,
    any(a.topic) AS topic, argMax(a.since_ms, restated) AS since_ms
FROM alerts AS a
GROUP BY id
HAVING max(restated) > 0 AND argMax(state, (restated, time_ms, a.offset, state = 'resolved')) != 'resolved'
ORDER BY id

-- Which minutes of levels are replaced, [from, to) in ms: those in which readings came in.
INSERT INTO spans
SELECT device, channel, intDiv(lo_ms, 60000) * 60000, (intDiv(hi_ms, 60000) + 1) * 60000
FROM touched

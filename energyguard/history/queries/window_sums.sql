-- question: The energy of a device in every sliding window that lies in a range, exact for any
--   window and slide. Of a device that has several channels it is that of the first of: interval,
--   register, power. Its readings are folded into the ledger's entries, which are spread over time.
-- columns: window_start time, window_end time, kwh number kWh
-- row: WindowSum: The energy of one window of a device.
-- rest: windows /windows: The energy of each window of a device.
-- cli: windows: Show the energy of a device in sliding windows.
-- empty: no whole window of {device} in this time
-- parameter device: text = ! | | A device, such as H001.
-- parameter window: duration = 15m | | The window's length.
-- parameter slide: duration = 15m / 1m | | From one window to the next.
-- range: 1h
-- folded: energyguard.history.energy.folded:window_sums
SELECT name, ms, nano, facts
FROM to_fold(device = {device:String}, start_ms = {start_ms:Int64}, end_ms = {end_ms:Int64})
WHERE {window_ms:Int64} > 0 AND {slide_ms:Int64} > 0
ORDER BY name, ms, version DESC

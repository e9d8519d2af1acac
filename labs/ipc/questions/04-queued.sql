-- ask: How many messages of threads lay in a queue in the run pairs, on POWER, instead of being handed over the moment they were sent?
-- points: 1
-- run: pairs
-- machine: ppc64
-- hint: what is handed over is received by the CPU that sends, with the next events.
SELECT count(*) FROM ipc_send s JOIN ipc_receive r ON r.flow = s.flow
WHERE typeof(s.type) = 'integer' AND s.id NOT IN (SELECT id FROM handed_over)

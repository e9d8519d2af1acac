-- ask: How many messages will the program itself send in the run pairs, on x86-64: calls, and whatever else?
-- kind: prediction
-- points: 1
-- run: pairs
-- machine: x86_64
-- hint: {clients} clients with {calls} calls each; and the servers have to be told when it is over.
SELECT count(*) FROM ipc_send s JOIN thread t ON t.thread = s.thread WHERE t.process_name = 'letters' AND typeof(s.type) = 'integer'
  AND s.endpoint = (SELECT r.endpoint FROM ipc_receive r JOIN thread u ON u.thread = r.thread WHERE u.name = 'server' LIMIT 1)

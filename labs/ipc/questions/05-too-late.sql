-- ask: How many answers of the run patience, on x86-64, went to nobody, because the caller had lost patience after its call was taken?
-- points: 1
-- run: patience
-- machine: x86_64
-- hint: ipc_reply says who waited for the answer.
SELECT count(*) FROM ipc_reply p JOIN ipc_send s ON s.flow = p.flow WHERE p.caller = 0 AND typeof(s.type) = 'integer'

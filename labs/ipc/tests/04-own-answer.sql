-- title: Each caller gets the answer to its own call, from the server that took it
-- points: 4
-- level: core
-- run: pairs
-- least: 48
-- credit: share
-- hint: the servers of this run answer the call first that they took last; what tells calls apart is the token.
SELECT p.id, p.caller = s.thread AND p.thread = r.thread AS ok,
  'thread ' || p.thread || ' answers a call that thread ' || s.thread || ' made and thread ' || r.thread || ' took, and thread ' || p.caller || ' gets it' AS what
FROM ipc_reply p JOIN ipc_send s ON s.flow = p.flow JOIN ipc_receive r ON r.flow = p.flow
WHERE typeof(s.type) = 'integer'
UNION ALL
SELECT id, value = 1, 'thread ' || thread || ' looks at the answer' FROM mark_instant WHERE name = 'answer'
ORDER BY 1

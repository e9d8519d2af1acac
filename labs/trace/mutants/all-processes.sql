-- mutant: everything on the machine is counted, not only what the process or thread did that was asked for
-- fails: calls segments
-- run: kitchen-ppc64-1
SELECT 'calls', count(*) FROM ipc_reply
UNION ALL SELECT 'segments', count(*) FROM fault WHERE result = 'segment loaded'

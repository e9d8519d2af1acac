-- title: Each call is received once and answered once
-- points: 3
-- level: core
-- run: pairs
-- least: 24
-- credit: share
-- hint: follow one call with vitrine explain and its flow: which of sent, received and answered is missing, or there twice?
WITH received AS (SELECT flow, count(*) AS n FROM ipc_receive GROUP BY flow),
  answered AS (SELECT flow, count(*) AS n FROM ipc_reply GROUP BY flow)
SELECT c.id, ifnull(r.n, 0) = 1 AND ifnull(a.n, 0) = 1 AS ok,
  'the call 0x' || printf('%x', c.flow) || ' of thread ' || c.thread || ': received ' || ifnull(r.n, 0) || ' times, answered ' || ifnull(a.n, 0) AS what
FROM calls c LEFT JOIN received r ON r.flow = c.flow LEFT JOIN answered a ON a.flow = c.flow
ORDER BY c.id

-- title: Two CPUs, one of which takes what the other gives up: nothing comes back from the dead, and nothing stays
-- points: 4
-- level: stress
-- run: race
-- least: 800
-- hint: between looking at the number of references and changing it another CPU may have changed it.
WITH made AS (
  SELECT id, object AS thing FROM object_create UNION ALL SELECT id, endpoint FROM endpoint_create),
gone AS (
  SELECT id, object AS thing FROM object_destroy UNION ALL SELECT id, endpoint FROM endpoint_destroy)
SELECT m.id, (SELECT count(*) FROM gone g WHERE g.thing = m.thing AND g.id > m.id AND g.id < e.id) = 1 AS ok,
  'object ' || m.thing || ' was made here, and is used by nobody when its time is over' AS what
FROM made m JOIN mark_instant b ON b.id = (SELECT max(n.id) FROM mark_instant n WHERE n.name = 'start' AND n.id < m.id)
  JOIN mark_instant e ON e.id = (SELECT min(n.id) FROM mark_instant n WHERE n.name = 'stop' AND n.id > b.id)
WHERE m.id < e.id ORDER BY m.id

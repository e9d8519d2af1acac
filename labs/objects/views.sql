-- What several tests look at.

-- What the program tries, and what it is told; the mark has the handle, and a right.
CREATE TEMP VIEW tries AS SELECT m.id, m.thread, m.name, m.value >> 8 AS handle, m.value & 255 AS rights, t.id AS told_id, t.value AS told
  FROM mark_instant m JOIN mark_instant t ON t.id = (SELECT min(n.id) FROM mark_instant n WHERE n.thread = m.thread AND n.id > m.id AND n.name = 'told');

-- What the program expects a revoke to take back, and what it took.
CREATE TEMP VIEW revokes AS SELECT m.id, m.name,
  r.value = m.value AND EXISTS (SELECT 1 FROM handle_revoke v WHERE v.id BETWEEN m.id AND r.id AND v.thread = m.thread AND v.revoked = m.value) AS ok,
  'revoked ' || r.value || ' of ' || m.value || ' handles' AS what
  FROM mark_instant m JOIN mark_instant r ON r.id = (SELECT min(n.id) FROM mark_instant n WHERE n.thread = m.thread AND n.id > m.id AND n.name = 'revoked');

-- What was made between the marks `start` and `stop`, and whether it is gone, once, by the second of them.
CREATE TEMP VIEW freed AS WITH made AS (
  SELECT id, object AS thing FROM object_create UNION ALL SELECT id, endpoint FROM endpoint_create),
gone AS MATERIALIZED (
  SELECT id, object AS thing FROM object_destroy UNION ALL SELECT id, endpoint FROM endpoint_destroy)
SELECT m.id, (SELECT count(*) FROM gone g WHERE g.thing = m.thing AND g.id > m.id AND g.id < e.id) = 1 AS ok,
  'object ' || m.thing || ' was made here, and is used by nobody when its time is over' AS what
FROM made m JOIN mark_instant b ON b.id = (SELECT max(n.id) FROM mark_instant n WHERE n.name = 'start' AND n.id < m.id)
  JOIN mark_instant e ON e.id = (SELECT min(n.id) FROM mark_instant n WHERE n.name = 'stop' AND n.id > b.id)
WHERE m.id < e.id;

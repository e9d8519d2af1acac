-- title: A number that no handle has is refused, and the trace names it
-- points: 2
-- level: warm-up
-- run: types
-- least: 10
-- hint: there are HANDLES_MAX numbers; what lies behind the table is not a handle.
WITH tries AS (
  SELECT m.id, m.thread, m.name, m.value >> 8 AS handle, m.value & 255 AS rights, t.id AS told_id, t.value AS told
  FROM mark_instant m JOIN mark_instant t ON t.id = (SELECT min(n.id) FROM mark_instant n WHERE n.thread = m.thread AND n.id > m.id AND n.name = 'told')
  WHERE m.name IN ('nothing'))
SELECT t.id,
  t.told = 4 AND EXISTS (SELECT 1 FROM handle_refused f WHERE f.id BETWEEN t.id AND t.told_id AND f.thread = t.thread AND f.handle = t.handle
    AND f.object = 0 AND f.missing = t.rights AND f.status = 'NOT_FOUND') AS ok,
  'number ' || t.handle || ', which no handle has: the program is told ' || t.told AS what
FROM tries t ORDER BY t.id

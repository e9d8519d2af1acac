-- title: A handle of something else is refused, and the trace names what it stands for
-- points: 2
-- level: warm-up
-- run: types
-- least: 7
-- hint: KOBJ_TYPES stands for any type.
WITH tries AS (
  SELECT m.id, m.thread, m.name, m.value >> 8 AS handle, m.value & 255 AS rights, t.id AS told_id, t.value AS told
  FROM mark_instant m JOIN mark_instant t ON t.id = (SELECT min(n.id) FROM mark_instant n WHERE n.thread = m.thread AND n.id > m.id AND n.name = 'told')
  WHERE m.name IN ('wrong type'))
SELECT t.id,
  t.told = 1 AND EXISTS (SELECT 1 FROM handle_refused f WHERE f.id BETWEEN t.id AND t.told_id AND f.thread = t.thread AND f.handle = t.handle
    AND f.object <> 0 AND f.status = 'INVALID') AS ok,
  'handle ' || t.handle || ', of another type: the program is told ' || t.told AS what
FROM tries t ORDER BY t.id

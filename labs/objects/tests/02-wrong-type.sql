-- title: A handle of something else is refused, and the trace names what it stands for
-- points: 2
-- level: warm-up
-- run: types
-- least: 7
-- hint: KOBJ_TYPES stands for any type.
SELECT t.id,
  t.told = 1 AND EXISTS (SELECT 1 FROM handle_refused f WHERE f.id BETWEEN t.id AND t.told_id AND f.thread = t.thread AND f.handle = t.handle
    AND f.object <> 0 AND f.status = 'INVALID') AS ok,
  'handle ' || t.handle || ', of another type: the program is told ' || t.told AS what
FROM tries t WHERE t.name = 'wrong type' ORDER BY t.id

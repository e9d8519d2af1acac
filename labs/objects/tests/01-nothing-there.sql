-- title: A number that no handle has is refused, and the trace names it
-- points: 2
-- level: warm-up
-- run: types
-- least: 10
-- hint: there are HANDLES_MAX numbers; what lies behind the table is not a handle.
SELECT t.id,
  t.told = 4 AND EXISTS (SELECT 1 FROM handle_refused f WHERE f.id BETWEEN t.id AND t.told_id AND f.thread = t.thread AND f.handle = t.handle
    AND f.object = 0 AND f.missing = t.rights AND f.status = 'NOT_FOUND') AS ok,
  'number ' || t.handle || ', which no handle has: the program is told ' || t.told AS what
FROM tries t WHERE t.name = 'nothing' ORDER BY t.id

-- title: What could not be copied is known to the byte
-- points: 4
-- level: core
-- run: edge
-- least: 170
-- credit: share
-- hint: in the middle of a word of 8 bytes nothing of it has been copied; the count is in words there.
SELECT d.id, d.value = b.value AS ok, d.value || ' of ' || b.value || ' bytes before the border are done' AS what
FROM mark_instant b JOIN mark_instant d ON d.id = (SELECT min(n.id) FROM mark_instant n WHERE n.name = 'done' AND n.id > b.id)
WHERE b.name = 'before' ORDER BY d.id

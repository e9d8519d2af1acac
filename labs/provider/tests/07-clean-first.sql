-- title: A store to a clean page is noticed: its provider gets it back
-- points: 4
-- level: core
-- run: shelf
-- least: 6
-- hint: If the MMU lets a store pass, the kernel never hears of it: what may be entered for a page that is not DIRTY?

SELECT id, name = 'saved' AS ok, 'what was stored to page ' || value || ' never came back to its provider' AS what
FROM mark_instant WHERE name IN ('saved', 'lost')
UNION ALL
SELECT m.id, (SELECT count(*) FROM page_request r WHERE r.kind = 'write' AND r.id < m.id) >= 1, 'no page was ever written back' FROM mark_instant m WHERE m.name = 'saved' ORDER BY 1

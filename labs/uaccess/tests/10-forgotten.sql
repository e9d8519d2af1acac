-- title: Copies go on while the MMU forgets their pages
-- points: 3
-- level: stress
-- run: forgotten
-- least: 40
-- hint: a page may be missing again right after it was brought.
SELECT id, value = 1 AS ok, 'a copy while another CPU makes the MMU forget' AS what FROM mark_instant WHERE name = 'forgotten' ORDER BY id

-- title: There is one request at a time for a page
-- points: 3
-- level: core
-- run: shelf
-- least: 15
-- hint: A slot that is READING says that the page is on its way: who comes then waits for that request.

SELECT * FROM requests ORDER BY id

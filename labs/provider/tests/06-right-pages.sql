-- title: Who reads a page finds what its provider put there
-- points: 3
-- level: core
-- run: shelf
-- least: 40
-- hint: The frame that the provider fills through its window is the one that the slot has, and that the reader's translation leads to.

SELECT * FROM found ORDER BY id

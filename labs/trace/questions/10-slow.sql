-- ask: One cook makes all others wait, since it takes the stove in another order than they do. Its name?
-- points: 3
-- run: kitchen
-- machine: x86_64
-- hint: What is inside the marks `stove` of one cook, and of no other? Look at the timeline.
SELECT 'cook {slow}'

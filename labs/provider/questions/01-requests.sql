-- ask: In the run `shelf`, {readers} readers read each of {pages} pages. How many pages will their provider be asked to bring (MESSAGE PAGE_READ to its endpoint) on x86-64?
-- kind: prediction
-- points: 1
-- run: shelf
-- machine: x86_64
SELECT count(*) FROM page_request r WHERE r.kind = 'read' AND r.endpoint = (SELECT endpoint FROM page_request ORDER BY id DESC LIMIT 1)

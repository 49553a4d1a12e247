"""One file a subject; `ROUTERS` is what the application serves."""

from api.routers.audit import router as audit
from api.routers.credit import router as credit
from api.routers.credit_pages import router as credit_pages
from api.routers.door import router as door
from api.routers.live import router as live
from api.routers.log import router as log
from api.routers.meta import router as meta
from api.routers.opening import router as opening
from api.routers.pages import router as pages
from api.routers.query import router as query
from api.routers.records import router as records
from api.routers.session import router as session
from api.routers.steps import router as steps
from api.routers.tenders import router as tenders

ROUTERS = (meta, session, tenders, records, steps, opening, audit, live, door, credit, query, log, pages, credit_pages)

"""`app` for gunicorn: `gunicorn --worker-class gthread --workers 1 --threads 16 admin.wsgi:app`.

One worker: the log-in limiter and the list of ended sessions are in its memory.
"""

import gc

from admin.app import create_app
from models.db import migrate, open_database
from models.secrets import load_or_create
from models.settings import load

settings = load()
database = open_database(settings)
migrate(database)
database.close()
app = create_app(settings, load_or_create(settings.secrets_file), database)
# What is built by now stays: else a full collection walks all of it, 70 ms in the middle of somebody's page.
gc.collect()
gc.freeze()

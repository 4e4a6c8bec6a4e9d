"""Client libraries are imported where they are first needed, so on any thread: one of them at a time.

Python lets two threads into one package by two doors, and one of them then finds half of it (ImportError, "partially
initialized module"); kubernetes and docker both stand on requests and urllib3.
"""

import threading

loading = threading.RLock()

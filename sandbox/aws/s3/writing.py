"""The one lock for what changes a key's versions.

moto checks whether a key exists and only then writes it; of two conditional writes S3 lets one succeed:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
"""

import threading

lock = threading.RLock()

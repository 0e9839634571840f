import signal
import threading
import time

from django.core.management.base import BaseCommand

from shop.models import Job

GRACE = 5  # seconds; what takes no longer is finished after SIGTERM too. Less than fleets.worker.drain


class Command(BaseCommand):
    help = "Does jobs until SIGTERM. A long one is handed back then, and another worker does it."

    def handle(self, **options):
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        while not stop.is_set():
            job = Job.take()
            if job is None:
                stop.wait(1)
            elif self.work(job, stop):
                job.finish()
            else:
                job.hand_back()

    def work(self, job, stop):
        """The work itself; return whether it was done. A job of many steps looks at `stop` between them."""
        time.sleep(min(job.seconds, GRACE))
        return job.seconds <= GRACE or not stop.wait(job.seconds - GRACE)

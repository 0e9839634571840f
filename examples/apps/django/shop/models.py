import random
from datetime import timedelta

from django.db import models, transaction
from django.db.models import F
from django.utils import timezone

LEASE = timedelta(minutes=10)  # longer than a job takes: after it, a job whose worker was lost is another one's


class Job(models.Model):
    """An order to confirm. It is free from `held_until` on, until it is done."""

    seconds = models.FloatField(default=0)  # what the work takes
    held_until = models.DateTimeField(default=timezone.now)
    done_at = models.DateTimeField(null=True)
    tries = models.PositiveIntegerField(default=0)
    returned = models.PositiveIntegerField(default=0)

    @classmethod
    def take(cls):
        """Hold a job that nobody holds, and return it; None if there is none."""
        now = timezone.now()
        free = list(cls.objects.filter(done_at=None, held_until__lte=now).order_by("pk")[:20])
        for job in random.sample(free, len(free)):
            # In one statement, so that one worker gets it, whatever the database.
            held = cls.objects.filter(pk=job.pk, held_until=job.held_until)
            if held.update(held_until=now + LEASE, tries=F("tries") + 1):
                return job
        return None

    def hand_back(self):
        """Leave it to another worker, at once."""
        Job.objects.filter(pk=self.pk).update(held_until=timezone.now(), returned=F("returned") + 1)

    def finish(self):
        """Confirm the order and mark the job as done: both, or neither."""
        with transaction.atomic():
            Confirmation.objects.create(job=self)
            Job.objects.filter(pk=self.pk).update(done_at=timezone.now())


class Confirmation(models.Model):
    """What a job leaves behind: one for each job, or something is wrong."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE)
    made_at = models.DateTimeField(default=timezone.now)

import os

from django.http import HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.http import require_POST

from shop.models import Job

RELEASE = os.environ.get("RELEASE_SHA", "of this machine")


def home(request):
    return HttpResponse(f"Django, release {RELEASE}\n", headers={"X-Release": RELEASE})


@require_POST
def order(request):
    """Leave the slow part to the workers."""
    job = Job.objects.create(seconds=float(request.GET.get("seconds", 0)))
    return JsonResponse({"job": job.pk}, status=202)


urlpatterns = [path("", home), path("orders", order)]

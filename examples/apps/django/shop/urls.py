import os

from django.http import HttpResponse
from django.urls import path


def home(request):
    return HttpResponse(f"Django, release {os.environ['RELEASE_SHA']}\n")


urlpatterns = [path("", home)]

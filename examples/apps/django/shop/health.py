from django.http import HttpResponse


class Health:
    """Answer the load balancer's health check, whose Host header is the instance's address."""

    def __init__(self, get_response):
        self._get_response = get_response

    def __call__(self, request):
        return HttpResponse("ok\n") if request.path == "/healthz" else self._get_response(request)

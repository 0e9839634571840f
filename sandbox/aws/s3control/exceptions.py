"""Errors of S3 batch operations (API reference, CreateJob, DescribeJob, UpdateJobStatus)."""

from moto.core.exceptions import ServiceException


class BadRequest(ServiceException):
    """A parameter that S3 does not take."""

    code = "BadRequestException"


class NotFound(ServiceException):
    """There is no such job in the region."""

    code = "NotFoundException"


class Idempotency(ServiceException):
    """The token was used for another job."""

    code = "IdempotencyException"


class JobStatus(ServiceException):
    """A job can't go from its status to the one that was asked for."""

    code = "JobStatusException"

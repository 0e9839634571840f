"""The console: the document by which a stack's instances run commands. It costs nothing."""

from __future__ import annotations

import pulumi_aws as aws

from release import names
from release.console import document


def declare(stack: str) -> aws.ssm.Document:
    """Declare the document. Who may send it is up to IAM: the role `console` may."""
    name = names.exec_document(stack)
    return aws.ssm.Document(
        "console",
        name=name,
        document_type="Command",
        document_format="JSON",
        content=document.content(),
        tags=names.tags(stack, name=name),
    )

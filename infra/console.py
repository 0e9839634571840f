"""The console: the documents by which a stack's instances run commands and open terminals. They cost nothing."""

from __future__ import annotations

import pulumi_aws as aws

from release import names
from release.console import document


def declare(stack: str) -> tuple[aws.ssm.Document, aws.ssm.Document]:
    """Declare the documents. Who may use them is up to IAM: the role `console` may."""
    command, session = names.exec_document(stack), names.shell_document(stack)
    return (
        aws.ssm.Document(
            "console",
            name=command,
            document_type="Command",
            document_format="JSON",
            content=document.content(),
            tags=names.tags(stack, name=command),
        ),
        aws.ssm.Document(
            "terminal",
            name=session,
            document_type="Session",
            document_format="JSON",
            content=document.session_content(),
            tags=names.tags(stack, name=session),
        ),
    )

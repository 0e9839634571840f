"""The console: the documents by which a stack's instances run commands and open terminals. They cost nothing."""

from __future__ import annotations

import pulumi_aws as aws

from release import names
from release.console import document


def declare(stack: str) -> tuple[aws.ssm.Document, aws.ssm.Document]:
    """Declare the documents. Who may use them is up to IAM: the role `console` may."""

    def made(name: str, called: str, kind: str, content: str) -> aws.ssm.Document:
        return aws.ssm.Document(
            name,
            name=called,
            document_type=kind,
            document_format="JSON",
            content=content,
            tags=names.tags(stack, name=called),
        )

    return (
        made("console", names.exec_document(stack), "Command", document.content()),
        made("terminal", names.shell_document(stack), "Session", document.session_content()),
    )

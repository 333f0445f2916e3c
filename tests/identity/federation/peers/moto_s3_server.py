"""moto's S3 on a free loopback port, with one bucket and one key that may use it; runs in the peers' own environment.

It checks signatures and permissions from the moment that its own preparations are over.
"""

import json
import logging
import os
import sys
import threading
from pathlib import Path

PREPARATIONS = 4  # calls of `prepare`
os.environ["INITIAL_NO_AUTH_ACTION_COUNT"] = str(PREPARATIONS)

import boto3  # noqa: E402  # moto reads the variable when it is imported
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app  # noqa: E402
from werkzeug.serving import make_server  # noqa: E402

told = json.loads(os.environ["PEER_CONFIG"])
logging.getLogger("werkzeug").setLevel(logging.ERROR)
server = make_server("127.0.0.1", 0, DomainDispatcherApplication(create_backend_app), threaded=True)
url = f"http://127.0.0.1:{server.server_port}"


def client(service: str) -> object:
    return boto3.client(
        service, endpoint_url=url, region_name="us-east-1", aws_access_key_id="nobody", aws_secret_access_key="nobody"
    )


def prepare() -> None:
    """The bucket, and a user whose key may do with it what the hub does."""
    client("s3").create_bucket(Bucket=told["bucket"])
    iam = client("iam")
    iam.create_user(UserName="hub")
    allowed = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket", "s3:AbortMultipartUpload"]
    statement = {"Effect": "Allow", "Action": allowed, "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(UserName="hub", PolicyName="attachments", PolicyDocument=policy)
    key = iam.create_access_key(UserName="hub")["AccessKey"]
    keys = {"key_id": key["AccessKeyId"], "secret": key["SecretAccessKey"]}
    Path(told["folder"], "keys.json").write_text(json.dumps(keys))


threading.Thread(target=server.serve_forever, daemon=True).start()
prepare()
sys.stdout.write(json.dumps({"url": url}) + "\n")
sys.stdout.flush()
threading.Event().wait()

# The server: OpenAI's speech API and a page at port 8000, Wyoming if it is asked for. See docs/integrations.md.
FROM python:3.13-slim AS build
WORKDIR /source
COPY pyproject.toml README.md LICENSE ./
COPY tiedtts_cli tiedtts_cli
COPY models models
# Without pip of its own; bytecode is made here, since whoever runs the server can write nothing.
RUN python -m venv --without-pip /opt/tiedtts \
    && pip --python /opt/tiedtts/bin/python install --no-cache-dir ".[serve]"

FROM python:3.13-slim
RUN useradd --system --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin tiedtts
COPY --from=build /opt/tiedtts /opt/tiedtts
ENV PATH="/opt/tiedtts/bin:$PATH" PYTHONUNBUFFERED=1
# By number, so that it can be seen not to be root.
USER 10001:10001
EXPOSE 8000 10200
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["tiedtts"]
# For others than the container itself, the server wants a key (-e TIEDTTS_API_KEY=...) or --without-key.
CMD ["serve", "--host", "0.0.0.0", "--log", "json"]

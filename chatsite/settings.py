"""Django's settings, all of which come from `chatsite.env` or are the same everywhere."""

from __future__ import annotations

import sys
from urllib.parse import urlsplit

import dj_database_url
from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _
from redis.backoff import NoBackoff
from redis.retry import Retry

from chatsite.env import BASE_DIR, EnvironmentFault, read_environment
from moderation.shipped import SHIPPED_MODEL

try:
    ENV = read_environment()
except EnvironmentFault as fault:
    # A plain line instead of a traceback: this is the first thing an operator sees.
    sys.exit(str(fault))

SECRET_KEY = ENV.secret_key
DEBUG = ENV.debug
ALLOWED_HOSTS = ENV.all_hosts
SITE_NAME = ENV.site_name
SITE_URL = ENV.site_url
CSRF_TRUSTED_ORIGINS = [f"{urlsplit(str(SITE_URL)).scheme}://{host}" for host in ALLOWED_HOSTS if host[:1] not in "[."]
DATA_DIR = ENV.data_dir

INSTALLED_APPS = [
    "chatsite",
    "conversations",
    "moderation",
    "inference",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "csp",
    "django_htmx",
    "channels",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "servestatic.middleware.ServeStaticMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "chatsite.middleware.private_pages",
    "chatsite.middleware.UnavailableMiddleware",
]

ROOT_URLCONF = "chatsite.urls"
ASGI_APPLICATION = "chatsite.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# --- where things are kept ---------------------------------------------------------------------------------------

DATABASES = {"default": dj_database_url.parse(ENV.database_address, conn_max_age=60, conn_health_checks=True)}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # WAL lets readers go on while one writes; IMMEDIATE takes the write lock at BEGIN, where waiting for it works.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = ENV.redis_address
# A Redis that hangs must not hang the pages: after this many seconds the visitor is told to come back.
REDIS_SECONDS = 2.0
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {
            "socket_timeout": REDIS_SECONDS,
            "socket_connect_timeout": REDIS_SECONDS,
            "retry": Retry(NoBackoff(), 1),
        },
    }
}
SESSION_ENGINE = "django.contrib.sessions.backends.db"

CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [REDIS_URL], "prefix": "chatsite", "capacity": 2000},
    }
}

CELERY_BROKER_URL = ENV.broker_address
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_ROUTES = {
    "conversations.tasks.turn_run_task": {"queue": "inference"},
    "conversations.tasks.title_make_task": {"queue": "inference"},
    "conversations.tasks.turns_sweep_task": {"queue": "housekeeping"},
    "conversations.tasks.conversations_purge_task": {"queue": "housekeeping"},
}
CELERY_TASK_DEFAULT_QUEUE = "housekeeping"
CELERY_BEAT_SCHEDULE = {
    "turns-sweep": {
        "task": "conversations.tasks.turns_sweep_task",
        "schedule": 3.0,
        "options": {"expires": 10.0},
    },
    "conversations-purge": {
        "task": "conversations.tasks.conversations_purge_task",
        "schedule": 60.0,
        "options": {"expires": 60.0},
    },
}
# A worker takes a turn when it has a thread for it; one that waited in a busy worker would be lost with it.
CELERY_WORKER_DISABLE_PREFETCH = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_keepalive": True,
    "health_check_interval": 10,
    # Longer than the second that a worker waits for news in one call.
    "socket_timeout": 3.0,
    "socket_connect_timeout": REDIS_SECONDS,
}

# --- people ------------------------------------------------------------------------------------------------------

AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_REDIRECT_URL = "conversations:home"
LOGIN_URL = "account_login"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "optional" if ENV.email_host else "none"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_ADAPTER = "chatsite.accounts.AccountAdapter"
ACCOUNT_USERNAME_VALIDATORS = "chatsite.accounts.USERNAME_VALIDATORS"
SIGN_UP_OPEN = ENV.sign_up_open
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = SITE_NAME
# Where no mail can be sent, no address is ever confirmed.
MFA_ALLOW_UNVERIFIED_EMAIL = not ENV.email_host

EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if ENV.email_host else 'console'}.EmailBackend"
EMAIL_HOST = ENV.email_host or "localhost"
EMAIL_PORT = ENV.email_port
EMAIL_HOST_USER = ENV.email_host_user
EMAIL_HOST_PASSWORD = ENV.email_host_password
EMAIL_USE_TLS = ENV.email_use_tls
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = ENV.default_from_email

# --- language ----------------------------------------------------------------------------------------------------

LANGUAGE_CODE = ENV.language_code
LANGUAGES = [("en", _("English")), ("zh-hans", _("Simplified Chinese"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = ENV.time_zone
USE_I18N = True
USE_TZ = True

# --- static files ------------------------------------------------------------------------------------------------

STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "chatsite.static.StaticStorage"},
}

# --- safety of the site itself -----------------------------------------------------------------------------------

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = ENV.is_https
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_SSL_REDIRECT = ENV.is_https
SECURE_REDIRECT_EXEMPT = [r"^livez$", r"^readyz$"]
SECURE_HSTS_SECONDS = 31_536_000 if ENV.is_https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = ENV.is_https
SECURE_HSTS_PRELOAD = ENV.is_https
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
if ENV.behind_https_proxy:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
    }
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "filters": {
        "expected": {"()": "chatsite.logs.NotTheHealthChecks"},
        "refusals": {"()": "chatsite.logs.RefusalsWithoutTraceback"},
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["refusals"]}},
    "root": {"handlers": ["console"], "level": ENV.log_level},
    "loggers": {
        "django.request": {"filters": ["expected"]},
        "httpx": {"level": "WARNING"},
        "celery.beat": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},
    },
}

# --- the turn ----------------------------------------------------------------------------------------------------

CHAT_MODEL = ENV.chat_model
SHIPPED_CHAT_MODEL = ENV.shipped_chat_model
CHAT_ENGINE = ENV.chat_engine
SYSTEM_PROMPT = ENV.system_prompt
CHAT_MAX_NEW_TOKENS = ENV.chat_max_new_tokens
CHAT_TEMPERATURE = ENV.chat_temperature
CHAT_TOP_P = ENV.chat_top_p
CHAT_TOP_K = ENV.chat_top_k
TITLES = ENV.titles
SAMPLING_BY_PEOPLE = ENV.sampling_by_people
SAMPLING_MAX_TEMPERATURE = ENV.sampling_max_temperature
CHAT_REPETITION_PENALTY = ENV.chat_repetition_penalty
INFERENCE_DEVICE = ENV.inference_device
INFERENCE_DTYPE = ENV.inference_dtype
INFERENCE_THREADS = ENV.inference_threads
INFERENCE_MAX_BATCH_TOKENS = ENV.inference_max_batch_tokens
INFERENCE_KV_BLOCKS = ENV.inference_kv_blocks
INFERENCE_CONCURRENCY = ENV.inference_concurrency
TOXICITY_MODEL = ENV.toxicity_model or str(SHIPPED_MODEL)
TOXICITY_MODEL_CONFIG = ENV.toxicity_model_config
TOXICITY_DEVICE = ENV.toxicity_device
TOXICITY_LANGUAGES = [code.lower() for code in ENV.toxicity_languages]
TOXICITY_DTYPE = ENV.toxicity_dtype
GUARD_MODEL = ENV.guard_model
GUARD_TABLE = ENV.guard_table
GUARD_DEVICE = ENV.guard_device
# The linear model was blended with the judge that ships, and measured so; another model speaks for itself.
CLASSIFIERS = ENV.classifiers or ["rules", "detoxify" if ENV.toxicity_model else "blend", "personal_data"]
HELP_COUNTRIES = [code.upper() for code in ENV.help_countries]
HELP_LINE = ENV.help_line
MAX_PROMPT_CHARS = ENV.max_prompt_chars
MAX_QUEUED_TURNS = ENV.max_queued_turns
TURN_RATE = ENV.turn_rate

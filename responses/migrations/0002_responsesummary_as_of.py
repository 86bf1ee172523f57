import datetime

from django.db import migrations, models


class Migration(migrations.Migration):
    # Summaries are derived: `manage.py reclassify` gives those that exist their true day.

    dependencies = [
        ('responses', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='responsesummary',
            name='as_of',
            field=models.DateField(default=datetime.date(2026, 1, 1)),
            preserve_default=False,
        ),
    ]

import './base.css';
import './jobs.css';
import './query.css';
